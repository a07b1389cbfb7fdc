// The page's icons, drawn with lines on a field of 24 by 24.

const PATHS = {
  microphone: "M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3M5 11v1a7 7 0 0 0 14 0v-1M12 19v3M8 22h8",
  microphoneOff: "M9 9v3a3 3 0 0 0 4.6 2.5M15 11V6a3 3 0 0 0-5.7-1.3M5 11v1a7 7 0 0 0 11.4 5.4M19 11v1q0 1-.3 2M12 19v3M8 22h8M3 3l18 18",
  stop: "M7 7h10v10H7z",
  hangUp: "M6 6l12 12M18 6L6 18",
  attach: "M20 11l-8.5 8.5a5 5 0 0 1-7-7L13 4a3.4 3.4 0 0 1 4.8 4.8L9.5 17a1.7 1.7 0 0 1-2.4-2.4L14.5 7",
  speak: "M4 5h16v11H11l-5 4v-4H4zM8 9h8M8 12.5h5",
  volume: "M4 9v6h4l5 4V5L8 9zM16.5 9a4 4 0 0 1 0 6M19 6.5a8 8 0 0 1 0 11",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
  code: "M8 7l-5 5 5 5M16 7l5 5-5 5M13.5 5l-3 14",
  talk: "M4 5h16v11H11l-5 4v-4H4z",
  conversations: "M4 6h5l2 2h9v11H4zM8 12h8M8 15.5h5",
  bots: "M6 9h12v10H6zM12 9V5M12 5h.01M3 13v3M21 13v3M9.5 13v1M14.5 13v1M9.5 16.5h5",
  voiceprints: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4.5 21a7.5 7.5 0 0 1 15 0",
  tokens: "M15 14a5 5 0 1 0-4.6-3.1L3 18.3V21h3v-2h2v-2h2l1.6-1.6M16 8h.01",
  health: "M3 13h4l3-8 4 14 3-6h4",
  delete: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5",
  play: "M8 5l11 7-11 7z",
  back: "M15 5l-7 7 7 7",
  reset: "M5 12a7 7 0 1 0 2-5L4 10M4 5v5h5",
  clock: "M12 21a8 8 0 1 0 0-16 8 8 0 0 0 0 16M12 9v4l3 2M9 2h6",
  auto: "M12 3a9 9 0 1 0 0 18M12 3a9 9 0 0 1 0 18zM12 3v18",
  light: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M5 19l2-2M17 7l2-2",
  dark: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
};

export type IconName = keyof typeof PATHS;

/** An icon without a text alternative: the text beside it, or the button's label, gives its meaning. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon-shape" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
      <path d={PATHS[name]} fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}
