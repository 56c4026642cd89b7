// The shop's operations as types: what a path with a method takes and answers, read out of contract.ts.
// Nothing of this is left in a bundle.
import type { paths } from './contract'

export type Method = 'get' | 'put' | 'post' | 'patch' | 'delete'

// Path is a path of the contract that has the method.
export type Path<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, infer Op> ? ([Op] extends [undefined] ? never : P) : never }[keyof paths]

type Operation<M extends Method, P extends keyof paths> = paths[P] extends Record<M, infer Op> ? NonNullable<Op> : never

type JSONOf<T> = T extends { content: { 'application/json': infer Body } } ? Body : undefined

type Good = 200 | 201 | 202 | 204

// Answer is what the operation answers; undefined where it has no body.
export type Answer<M extends Method, P extends keyof paths> =
  Operation<M, P> extends { responses: infer R } ? { [S in keyof R & Good]: JSONOf<R[S]> }[keyof R & Good] : never

type Parameters<M extends Method, P extends keyof paths> = Operation<M, P> extends { parameters: infer Ps } ? Ps : never

type In<Ps, Place extends 'path' | 'query'> = Ps extends { [P in Place]?: infer V } ? (unknown extends V ? never : NonNullable<V>) : never

type Field<Name extends string, V> = [V] extends [never] ? { [N in Name]?: undefined } : { [N in Name]: V }

type Optional<Name extends string, V> = [V] extends [never] ? { [N in Name]?: undefined } : { [N in Name]?: V }

type BodyOf<M extends Method, P extends keyof paths> =
  Operation<M, P> extends { requestBody: { content: { 'application/json': infer B } } } ? { body: B }
    : Operation<M, P> extends { requestBody?: { content: { 'application/json': infer B } } } ? { body?: B } : { body?: undefined }

// PathParameters are those of the path as a whole and of the operation.
type PathParameters<M extends Method, P extends keyof paths> = In<Parameters<M, P>, 'path'> | (paths[P] extends { parameters: infer Ps } ? In<Ps, 'path'> : never)

// Input is what the operation takes, beside the key and the signal that any may have.
export type Input<M extends Method, P extends keyof paths> = Field<'path', PathParameters<M, P>> & Optional<'query', In<Parameters<M, P>, 'query'>> & BodyOf<M, P>
