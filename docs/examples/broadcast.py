"""Tells every learner of an activity and waits until it is sent. Python 3, no packages.

SHOP is the shop's address, KEY an API key with the scope hub:broadcast.
"""
import json
import os
import time
import urllib.error
import urllib.request


def ask(method, path, body=None, **headers):
    """Answers the decoded body. A refusal raises with its stable code."""
    request = urllib.request.Request(
        os.environ["SHOP"] + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": "Bearer " + os.environ["KEY"], "Content-Type": "application/json", **headers},
    )
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refusal:
        problem = json.load(refusal)
        raise SystemExit(f"{problem['code']}: {problem['detail']}") from refusal


broadcast = ask(
    "POST",
    "/api/hub/broadcasts",
    {
        "title": "直播今晚八点",
        "body": "主讲老师在线答疑。",
        "link": "/",
        "audience": {"kind": "all"},
        "channels": ["live", "inbox"],
    },
    **{"Idempotency-Key": "live-tonight-2026-05-01"},
)
while broadcast["state"] in ("scheduled", "sending"):
    time.sleep(0.5)
    broadcast = ask("GET", "/api/hub/broadcasts/" + broadcast["id"])
print(broadcast["state"], broadcast["counts"])
