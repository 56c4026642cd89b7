// hls.js names no types for its light build, which is the whole one less what plays DRM, other audio
// tracks and captions inside a stream.
declare module 'hls.js/light' {
  export { default } from 'hls.js'
}
