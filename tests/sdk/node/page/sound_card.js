// Chromium's fake sound card runs at 44,100 Hz; this lets it be one of 48,000 Hz, as most are.
// The recorder says 48,000 Hz for either (and its Opus encoder fails at 44,100).

const Real = AudioContext;

window.AudioContext = class AudioContext extends Real {
  constructor(options) {
    super({ sampleRate: window.soundCardRate, ...options });
  }
};
