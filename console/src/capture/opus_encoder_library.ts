import { lateLibrary } from "./opus_library";

const late = lateLibrary(() => import("../../node_modules/opus-encdec/dist/libopus-encoder.js"));

export const loadOpusEncoder = late.fill;
export default late.library;
