// Command mstm is a shop that sells courses: REST, live pages over WebSockets, WeChat Pay.
package main

import "mstm/app"

func main() { app.Main() }
