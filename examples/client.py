"""Ask a running service for predictions: python examples/client.py FILE.csv [TOKEN]."""

import sys

import requests

SERVICE = "http://127.0.0.1:8000"


def main(path: str, token: str = "") -> None:
    """Send a CSV file's rows and print each answer with what the service warned of."""
    session = requests.Session()
    session.headers.update({"Authorization": f"Bearer {token}"} if token else {})
    with open(path, "rb") as rows:  # noqa: PTH123  (as short as it can be)
        answer = session.post(f"{SERVICE}/prediction", rows, headers={"Content-Type": "text/csv"}, timeout=30)
    if not answer.ok:
        fault = answer.json()["error"]
        sys.exit(f"{answer.status_code}: {fault['what']} {fault['hint']}")
    for said in answer.json()["predictions"]:
        print(said.get("label", said.get("value")), said.get("probability", ""), *said["warnings"])
    print("request", answer.headers["X-Request-Id"], "by release", answer.json()["release"], file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
