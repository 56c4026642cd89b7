declare module 'virtual:icons' {
  const outlines: Record<string, string>
  export default outlines
}
declare module 'virtual:icons-later' {
  const outlines: Record<string, string>
  export default outlines
}
