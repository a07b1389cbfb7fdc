declare module "*/libopus-encoder.js";
declare module "*/libopus-decoder.js";
