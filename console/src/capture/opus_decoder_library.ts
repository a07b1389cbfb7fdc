import { lateLibrary } from "./opus_library";

const late = lateLibrary(() => import("../../node_modules/opus-encdec/dist/libopus-decoder.js"));

export const loadOpusDecoder = late.fill;
export default late.library;
