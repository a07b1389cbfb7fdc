// Stands in for the package of this name: this page has none of its denoiser, and the client can do without.

export class AIDenoiserExtension {
  onloaderror: ((error: unknown) => void) | undefined;

  checkCompatibility(): boolean {
    return false;
  }
}
