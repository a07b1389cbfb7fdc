/** A size in bytes: "734 MB". */
export const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(0)} MB`;
