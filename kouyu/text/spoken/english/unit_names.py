"""Unit symbols with their spoken singular and plural."""

from typing import Final

Names = dict[str, tuple[str, str]]


def _regular(table: str) -> Names:
    """Parse one line per unit: its symbols, a colon, its name; the plural ends in s."""
    names: Names = {}
    for line in table.strip().splitlines():
        symbols, _, name = line.partition(":")
        names |= {symbol: (name.strip(), f"{name.strip()}s") for symbol in symbols.split()}
    return names


_METRIC: Final = _regular(
    """
    nm: nanometer
    μm: micrometer
    mm: millimeter
    cm: centimeter
    dm: decimeter
    m: meter
    km: kilometer
    ha: hectare
    μg ug mcg: microgram
    mg: milligram
    g: gram
    kg: kilogram
    t: ton
    ml mL: milliliter
    cl cL: centiliter
    dl dL: deciliter
    l L: liter
    cc: cc
    """
)
_CUSTOMARY: Final = _regular(
    """
    mi: mile
    yd yds: yard
    lb lbs: pound
    oz: ounce
    gal: gallon
    qt: quart
    tbsp Tbsp: tablespoon
    tsp: teaspoon
    ac: acre
    kn kt: knot
    """
) | {"ft": ("foot", "feet"), "fl oz": ("fluid ounce", "fluid ounces"), "mph": ("mile per hour", "miles per hour")}
_TIME: Final = _regular(
    """
    ns: nanosecond
    μs: microsecond
    ms: millisecond
    s sec secs: second
    min mins: minute
    h hr hrs: hour
    wk wks: week
    mo mos: month
    yr yrs: year
    """
)
_DATA: Final = _regular(
    """
    kB KB: kilobyte
    MB: megabyte
    GB: gigabyte
    TB: terabyte
    PB: petabyte
    KiB: kibibyte
    MiB: mebibyte
    GiB: gibibyte
    TiB: tebibyte
    Kb: kilobit
    Mb: megabit
    Gb: gigabit
    MP: megapixel
    px: pixel
    """
) | {
    f"{letter}{per}": (f"{name} per second", f"{name}s per second")
    for letter, name in (("k", "kilobit"), ("K", "kilobit"), ("M", "megabit"), ("G", "gigabit"))
    for per in ("bps", "bit/s", "b/s")
}
_PHYSICS: Final = _regular(
    """
    mV: millivolt
    V: volt
    kV: kilovolt
    mA: milliamp
    mAh: milliamp hour
    Ah: amp hour
    mW: milliwatt
    W: watt
    kW: kilowatt
    MW: megawatt
    GW: gigawatt
    Wh: watt hour
    kWh: kilowatt hour
    MWh: megawatt hour
    J: joule
    kJ: kilojoule
    MJ: megajoule
    cal: calorie
    kcal: kilocalorie
    eV: electron volt
    keV: kiloelectron volt
    MeV: megaelectron volt
    GeV: gigaelectron volt
    TeV: teraelectron volt
    Ω: ohm
    kΩ: kilohm
    MΩ: megohm
    Pa: pascal
    hPa: hectopascal
    kPa: kilopascal
    MPa: megapascal
    bar: bar
    mbar: millibar
    dB: decibel
    lm: lumen
    """
) | {
    symbol: (name, name)
    for symbol, name in (
        ("Hz", "hertz"),
        ("kHz", "kilohertz"),
        ("KHz", "kilohertz"),
        ("MHz", "megahertz"),
        ("GHz", "gigahertz"),
        ("THz", "terahertz"),
        ("psi", "psi"),
        ("rpm", "rpm"),
        ("RPM", "rpm"),
        ("dpi", "dpi"),
        ("ppi", "ppi"),
        ("mmHg", "millimeters of mercury"),
    )
}
_SAID_ALIKE: Final[Names] = {
    "pts": ("point", "points"),
    "%": ("percent", "percent"),
    "‰": ("per mille", "per mille"),
    "°C": ("degree Celsius", "degrees Celsius"),
    "° C": ("degree Celsius", "degrees Celsius"),
    "ºC": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "° F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "ºF": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°": ("degree", "degrees"),
    "º": ("degree", "degrees"),
    "kph": ("kilometer per hour", "kilometers per hour"),
    "kmh": ("kilometer per hour", "kilometers per hour"),
    "fps": ("frame per second", "frames per second"),
    "ppm": ("part per million", "parts per million"),
    "ppb": ("part per billion", "parts per billion"),
}

UNITS: Final[Names] = _METRIC | _CUSTOMARY | _TIME | _DATA | _PHYSICS | _SAID_ALIKE

DENOMINATORS: Final[Names] = {
    **_METRIC,
    **_CUSTOMARY,
    **_TIME,
    **{
        name: (name, name) for name in ("hour", "day", "week", "month", "year", "person", "second", "minute", "serving")
    },
    "d": ("day", "days"),
    "kWh": ("kilowatt hour", "kilowatt hours"),
    "MB": ("megabyte", "megabytes"),
    "GB": ("gigabyte", "gigabytes"),
}
