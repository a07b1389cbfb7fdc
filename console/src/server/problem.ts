/** An error in words. */
export const problem = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason));
