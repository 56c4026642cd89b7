// Package shoptest runs whole shops for tests and talks to them as learners, staff and WeChat do, over HTTP and
// sockets alone.
//
//   - Start runs a Shop in the test's own process: API, pages, hub, sandbox, on free ports and in an empty folder.
//     At is the same shop for one case, at a time of its own.
//   - NewProcess prepares a Process, a shop to be killed and started again. The test's own binary is the program, so
//     nothing is built, and the race detector sees it; a fuse kills it at one write of many (Arm, Burnt).
//   - Person sends requests, and each answer is held against the OpenAPI document.
//
// Each package of tests has Main for its TestMain:
//
//	func TestMain(m *testing.M) { shoptest.Main(m) }
//
// Relative paths begin at the repository's root. Tests wait with Eventually, never by a sleep that hopes.
package shoptest
