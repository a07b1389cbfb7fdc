type Library = Record<PropertyKey, unknown>;

/**
 * Stands in for a library of half a megabyte that the client imports at once but needs only for Opus. It is empty
 * until `fill` has loaded it.
 */
export function lateLibrary(load: () => Promise<{ default: unknown }>): { library: Library; fill: () => Promise<void> } {
  let loaded: Library | undefined;
  const library: Library = new Proxy({}, {
    get: (_target, name) => loaded?.[name],
    set: (_target, name, value) => {
      if (loaded) loaded[name] = value;
      return true;
    },
  });
  const fill = async (): Promise<void> => {
    loaded ??= (await load()).default as Library;
  };
  return { library, fill };
}
