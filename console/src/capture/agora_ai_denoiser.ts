// Replaces the package of this name: the page has no denoiser, and the client works without.

export class AIDenoiserExtension {
  onloaderror: ((error: unknown) => void) | undefined;

  checkCompatibility(): boolean {
    return false;
  }
}
