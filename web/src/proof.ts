// The proof of work that the shop asks a busy address for before it makes an account.
// SHA-256 is computed in JavaScript: crypto.subtle is missing on plain http, and its promise for
// each hash costs more than the hash.
import { sha256 } from '@noble/hashes/sha2.js'
import { hexToBytes } from '@noble/hashes/utils.js'

// Challenge asks for the number from 0 to maxnumber with which SHA-256(salt + number) is challenge.
export interface Challenge {
  algorithm: string
  challenge: string
  maxnumber: number
  salt: string
  signature: string
}

export interface Proof {
  algorithm: string
  challenge: string
  number: number
  salt: string
  signature: string
}

const slice = 12 // ms of work between two chances for the page to draw and to listen

// solve finds the proof. It fails where there is none, which no challenge of the shop's has.
export async function solve({ algorithm, challenge, maxnumber, salt, signature }: Challenge): Promise<Proof> {
  const wanted = hexToBytes(challenge)
  const isWanted = (hash: Uint8Array): boolean => hash.every((byte, i) => byte === wanted[i])
  for (let number = 0; number <= maxnumber; await pause()) {
    for (const end = performance.now() + slice; number <= maxnumber && performance.now() < end; number++) {
      if (isWanted(sha256(new TextEncoder().encode(salt + number)))) return { algorithm, challenge, number, salt, signature }
    }
  }
  throw new Error('the challenge has no solution')
}

// pause lets the page go on. A timer would wait a second each time in a tab that is not in view.
function pause(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}
