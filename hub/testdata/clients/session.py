"""python3 session.py URL TOKEN LAST: a session with websockets, as session.mjs has it; what happens goes to
standard output."""
import asyncio
import json
import sys

import websockets

url, token, last = sys.argv[1], sys.argv[2], int(sys.argv[3])


def tell(**news):
    print(json.dumps(news), flush=True)


async def session():
    since, heard = {}, 0
    while heard < last:
        wait, greeted = 0.1, False  # later readys name single topics
        try:
            async with websockets.connect(url, subprotocols=["mstm.v1"]) as ws:
                await ws.send(json.dumps({"op": "hello", "token": token, "since": since}))
                while heard < last:
                    frame = json.loads(await ws.recv())
                    if frame["op"] == "ready" and not greeted:
                        greeted = True
                        resumed = frame["topics"]["activity"]["resumed"]
                        tell(what="ready", user=frame["user"], protocol=ws.subprotocol, resumed=resumed)
                    if frame.get("topic") == "activity" and frame["type"] == "number":
                        since, heard = {"activity": frame["pos"]}, frame["data"]["n"]
                        tell(what="number", n=heard)
        except websockets.ConnectionClosed as end:
            if end.rcvd and end.rcvd.code >= 4000:
                reason = json.loads(end.rcvd.reason)
                wait = reason["retry_ms"] / 1000
                tell(what="closed", code=end.rcvd.code, word=reason["code"], retry_ms=reason["retry_ms"])
        except (OSError, websockets.InvalidHandshake):
            pass
        if heard < last:
            await asyncio.sleep(wait)


asyncio.run(session())
