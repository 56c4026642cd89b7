package handlers

// maxName is the length of names of people and keys, in characters.
const maxName = 40
