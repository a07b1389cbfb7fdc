"""`kouyu bench`: measure a server."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final, TypeVar, get_args

import click
import msgspec
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kouyu.bench.capacity import CapacityMode, CapacityOptions, measure_capacity
from kouyu.bench.capacity_report import Level, capacity_chart
from kouyu.bench.capacity_report import print_report as print_capacity
from kouyu.bench.children import ChildBroke, ServerAddress, ServerDidNotStart
from kouyu.bench.latency_report import LatencyReport, latency_chart
from kouyu.bench.latency_report import print_report as print_latency
from kouyu.bench.latency_run import LatencyOptions, run_latency
from kouyu.bench.modes import MODES
from kouyu.bench.proxy_latency import measure_proxy
from kouyu.bench.proxy_latency import print_report as print_proxy
from kouyu.bench.question_files import LANGUAGES
from kouyu.bench.received import ConnectionLost
from kouyu.bench.soak import SoakOptions, measure_soak
from kouyu.bench.soak_report import Moment
from kouyu.bench.soak_report import print_report as print_soak
from kouyu.bench.stages import StagesOptions, StagesReport, measure_stages
from kouyu.bench.stages_report import print_stages
from kouyu.cli.local_server import data_folder, token_of
from kouyu.cli.output_file import OutputFile
from kouyu.cli.safe_console import SafeConsole
from kouyu.cli.tier_option import TIER_NAMES, check_fetched, fetched_tier_option
from kouyu.client.voice_client import RefusedByServer

T = TypeVar("T")

_EXISTING_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def bench() -> None:
    """Measure a server: its latency, how many sessions it can hold, and whether its memory grows.

    Without --url the benchmark starts a server with its own data, and stops it at the end.
    """


class _Modes(click.ParamType[tuple[str, ...]]):
    """Names of modes, separated by commas."""

    name = "modes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        names = tuple(dict.fromkeys(name.strip() for name in str(value).split(",")))
        if unknown := [name for name in names if name not in MODES]:
            self.fail(f"{', '.join(unknown)} is not a mode; known: {', '.join(MODES)}", param, ctx)
        return names


@bench.command()
@click.option("--url", help="URL of a running server to measure.")
@click.option("--token", help="Its access token. [default: that of the server on this machine]")
@click.option(
    "--data-dir", "folder", type=click.Path(path_type=Path), help="The data folder of a server on this machine."
)
@click.option("--config", type=_EXISTING_FILE, help="Settings for the benchmark's own server.")
@click.option("--bot", "bot_id", help="The bot to talk with. [default: the server's default bot]")
@click.option("--voice", "voice_id", help="The voice to answer with. [default: the server's default voice]")
@click.option("--turns", type=click.IntRange(1, 10_000), default=30, show_default=True, help="Turns in each mode.")
@click.option("--mode", "modes", type=_Modes(), default=",".join(MODES), show_default=True)
@click.option(
    "--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language of the questions."
)
@click.option(
    "--others",
    type=click.IntRange(0, 100),
    default=0,
    show_default=True,
    metavar="N",
    help="Let N other clients talk with the server all the time.",
)
@click.option("--user-language", help="Send this asr_config.user_language instead of none.")
@click.option(
    "--fast-llm",
    is_flag=True,
    help="Use scripted answers at the speed of the embedded model's tiny tier (which speaks English alone).",
)
@fetched_tier_option
@click.option("--json", "json_file", type=OutputFile(), help="Write everything measured to this file.")
@click.option("--plot", type=OutputFile(), help="Plot every turn into this SVG file.")
def latency(
    url: str | None,
    token: str | None,
    folder: Path | None,
    json_file: Path | None,
    plot: Path | None,
    **options: Any,
) -> None:
    """Measure the server's latency.

    Plays spoken questions to the server in real time, one after the other, each in its own conversation. Shows medians
    and 90th percentiles of the time from the end of the question's speech to what the client receives.
    """
    wanted = LatencyOptions(server=_server(url, token, folder), **options)
    if wanted.server is not None and (wanted.config or wanted.fast_llm or wanted.tier):
        raise click.UsageError("--config, --fast-llm and --tier are for the benchmark's own server: leave out --url")
    if wanted.config is not None and wanted.fast_llm:
        raise click.UsageError("--fast-llm sets the bot, and so does --config: choose one of them")
    report = _run(_with_progress(wanted))
    print_latency(report, SafeConsole())
    _write(report, json_file)
    if plot is not None:
        plot.write_text(latency_chart(report), encoding="utf-8")


@bench.command()
@click.option("--mode", type=click.Choice(get_args(CapacityMode)), default="free", show_default=True)
@click.option("--stub-engines", is_flag=True, help="Leave out recognition, the agent and synthesis: the server alone.")
@click.option("--config", type=_EXISTING_FILE, help="Settings for the server.")
@click.option(
    "--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language of the questions."
)
@click.option("--sessions-max", type=click.IntRange(1), default=400, show_default=True)
@click.option("--step", type=click.IntRange(1), default=10, show_default=True, help="Sessions added at a time.")
@click.option("--seconds", type=click.FloatRange(1), default=10.0, show_default=True, help="Duration of each level.")
@click.option(
    "--slowest-answer", "slowest_answer_ms", type=click.FloatRange(1), default=1500.0, show_default=True, metavar="MS"
)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes of the server.")
@fetched_tier_option
@click.option("--json", "json_file", type=OutputFile(), help="Write everything measured to this file.")
@click.option("--plot", type=OutputFile(), help="Plot the delays by number of sessions into this SVG file.")
def capacity(json_file: Path | None, plot: Path | None, **options: Any) -> None:
    """Measure how many sessions a server can hold.

    Adds clients that talk in real time, until the server processes frames later than 50 ms (99th percentile), or
    answers more slowly than --slowest-answer (median).
    """
    console = SafeConsole(stderr=True)

    def on_level(level: Level) -> None:
        lag = level.ingest.p99 if level.ingest is not None else 0.0
        console.print(f"{level.sessions} sessions: frames processed after {lag:.1f} ms (p99)", highlight=False)

    report = _run(measure_capacity(CapacityOptions(**options), on_level=on_level))
    print_capacity(report, SafeConsole())
    _write(report, json_file)
    if plot is not None:
        plot.write_text(capacity_chart(report), encoding="utf-8")


@bench.command()
@click.option("--minutes", type=click.FloatRange(0.1), default=15.0, show_default=True)
@click.option("--sessions", type=click.IntRange(1), default=4, show_default=True, help="Simultaneous sessions.")
@click.option(
    "--turns", type=click.IntRange(1), default=5, show_default=True, help="Turns after which a client reconnects."
)
@click.option("--stub-engines", is_flag=True, help="Leave out recognition, the agent and synthesis: the server alone.")
@click.option("--config", type=_EXISTING_FILE, help="Settings for the server.")
@click.option(
    "--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language of the questions."
)
@fetched_tier_option
@click.option("--json", "json_file", type=OutputFile(), help="Write everything measured to this file.")
def soak(json_file: Path | None, **options: Any) -> None:
    """Measure whether a server's memory grows over time.

    Clients talk in real time, disconnect after some turns and reconnect. Shows the server's memory at the start, after
    the warm-up (a fifth of the time), at the end, and after all clients have disconnected. Linux only.
    """
    console = SafeConsole(stderr=True)

    def on_moment(moment: Moment) -> None:
        private, heap = f"{moment.own_private_mib:.1f} MiB private", moment.heap
        counts = f"{heap.used_mib:.1f} of the heap in use, {heap.objects} objects, {moment.tasks} tasks"
        memory = f"{private}, {moment.memory_mib:.1f} of all processes"
        console.print(f"minute {moment.minute:.1f}: {memory}; {counts}", highlight=False)

    report = _run(measure_soak(SoakOptions(**options), on_moment=on_moment))
    print_soak(report, SafeConsole())
    _write(report, json_file)


@bench.command()
@click.option(
    "--tier",
    "tiers",
    multiple=True,
    type=click.Choice(TIER_NAMES),
    callback=check_fetched,
    metavar="TIER",
    help="Size of the embedded language model; may be repeated. [default: that of the settings, else auto]",
)
@click.option("--turns", type=click.IntRange(1), default=12, show_default=True, help="Turns with each tier.")
@click.option("--config", type=_EXISTING_FILE, help="Settings for the server.")
@click.option(
    "--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language of the questions."
)
@click.option("--json", "json_file", type=OutputFile(), help="Write everything measured to this file.")
def stages(tiers: tuple[str, ...], json_file: Path | None, **options: Any) -> None:
    """Measure the processor time of a spoken turn, stage by stage.

    One client asks questions in free talk, with an open microphone. Processor time hardly depends on other work on the
    machine, unlike latency. Linux only.
    """
    report = _run(_stages_with_progress(StagesOptions(tiers=tiers or (None,), **options)))
    print_stages(report, SafeConsole())
    _write(report, json_file)


@bench.command("proxy")
@click.option("--frames", type=click.IntRange(100, 1_000_000), default=2_000, show_default=True, help="Frames to send.")
@click.option("--every-ms", type=click.FloatRange(0, 1000), default=2.0, show_default=True, help="Time between frames.")
@click.option("--json", "json_file", type=OutputFile(), help="Write everything measured to this file.")
def proxy_command(frames: int, every_ms: float, json_file: Path | None) -> None:
    """Measure how much later a frame of audio arrives through `kouyu proxy`, which records it."""
    report = _run(measure_proxy(frames, every_ms))
    print_proxy(report, SafeConsole())
    _write(report, json_file)


def _write(report: msgspec.Struct, file: Path | None) -> None:
    if file is not None:
        file.write_bytes(msgspec.json.format(msgspec.json.encode(report)))


def _server(url: str | None, token: str | None, folder: Path | None) -> ServerAddress | None:
    if url is None:
        if token is not None or folder is not None:
            raise click.UsageError("--token and --data-dir belong to --url")
        return None
    return ServerAddress(http=url, token=token or token_of(data_folder(folder)))


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=SafeConsole(stderr=True), transient=True)


async def _stages_with_progress(options: StagesOptions) -> StagesReport:
    with _progress() as progress:
        task = progress.add_task("starting", total=len(options.tiers) * options.turns)
        return await measure_stages(
            options, on_turn=lambda tier: progress.update(task, description=f"tier {tier}", advance=1)
        )


async def _with_progress(options: LatencyOptions) -> LatencyReport:
    with _progress() as progress:
        task = progress.add_task("starting", total=len(options.modes) * options.turns)

        def on_turn(mode: str) -> None:
            progress.update(task, description=MODES[mode].title, advance=1)

        return await run_latency(options, on_turn=on_turn)


def _run(work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(work)
    except (ChildBroke, ConnectionLost, RefusedByServer, ServerDidNotStart, OSError) as fault:
        raise click.ClickException("\n".join((str(fault), *getattr(fault, "__notes__", ())))) from None
