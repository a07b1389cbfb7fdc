// What sounds: an AnalyserNode beside everything that is connected to a loudspeaker, whoever connects it.

const PERIOD_MS = 50;
const QUIET = 0.003; // of full scale, -50 dB

const analysers = new Map();
const connect = AudioNode.prototype.connect;

AudioNode.prototype.connect = function (target, ...rest) {
  if (target instanceof AudioDestinationNode) {
    const { context } = target;
    if (!analysers.has(context)) analysers.set(context, analyserOf(context));
    connect.call(this, analysers.get(context));
  }
  return connect.call(this, target, ...rest);
};

// It leads to the loudspeaker too, without a sound: else it would stand still, and keep the last it heard, where what
// sounds is taken away.
function analyserOf(context) {
  const analyser = new AnalyserNode(context, { fftSize: 4096 });
  const mute = new GainNode(context, { gain: 0 });
  connect.call(analyser, mute);
  connect.call(mute, context.destination);
  return analyser;
}

export function level() {
  let loudest = 0;
  for (const analyser of analysers.values()) {
    const samples = new Float32Array(analyser.fftSize);
    analyser.getFloatTimeDomainData(samples);
    loudest = Math.max(loudest, Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length));
  }
  return loudest;
}

const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

// Waits until something sounds; gives its level, 1 being a square wave at full scale.
export async function sound() {
  for (;;) {
    const now = level();
    if (now > QUIET) return now;
    await pause(PERIOD_MS);
  }
}

// Waits until nothing has sounded for so long, in ms.
export async function silence(forMs = 500) {
  for (let quiet = 0; quiet < forMs; quiet += PERIOD_MS) {
    if (level() > QUIET) quiet = -PERIOD_MS;
    await pause(PERIOD_MS);
  }
}
