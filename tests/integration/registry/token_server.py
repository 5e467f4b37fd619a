#!/usr/bin/env python3
"""token_server.py FOLDER: a token server by distribution's specification, on a
free port of loopback, which it prints as "port N".

FOLDER has key.pem and cert.pem, which the registry trusts. The only user is
"user" with the password in FOLDER/password; who has none may pull from public/.
A login that asks for offline_token gets the identity token in FOLDER/identity,
which POST takes while that file has it. Each request is a line of
FOLDER/requests: its method, who asked, and for which scopes.
"""
import base64
import http.server
import json
import os
import subprocess
import sys
import time
import urllib.parse

FOLDER = sys.argv[1]


def read(name):
    with open(os.path.join(FOLDER, name)) as file:
        return file.read().strip()


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(claims):
    der = "".join(line for line in read("cert.pem").splitlines()
                  if "CERTIFICATE" not in line)
    header = {"typ": "JWT", "alg": "RS256", "x5c": [der]}
    text = ".".join(b64(json.dumps(part).encode())
                    for part in (header, claims))
    signature = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", FOLDER + "/key.pem"],
        input=text.encode(), stdout=subprocess.PIPE, check=True).stdout
    return text + "." + b64(signature)


def allowed(user, scopes):
    for scope in scopes:
        kind, name, actions = scope.split(":")
        granted = actions.split(",")
        if user is None:
            granted = ["pull"] if name.startswith("public/") else []
        yield {"type": kind, "name": name, "actions": granted}


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def note(self, user, scopes):
        with open(FOLDER + "/requests", "a") as file:
            file.write("%s %s %s\n" % (self.command, user, " ".join(scopes)))

    def token(self, user, scopes, more):
        self.note(user, scopes)
        now = int(time.time())
        token = sign({"iss": "test", "sub": user or "", "aud": "registry",
                      "exp": now + 300, "nbf": now - 10, "iat": now,
                      "jti": str(now), "access": list(allowed(user, scopes))})
        # what an offline client gets beside it
        self.answer(200, dict(token=token, expires_in=300, **more))

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        scopes = query.get("scope", [])
        header = self.headers.get("Authorization", "")
        user, more = None, {}
        if header:
            plain = base64.b64decode(header.split()[1]).decode()
            if plain != "user:" + read("password"):
                self.note("wrong", scopes)
                self.answer(401, {"details": "no"})
                return
            user = "user"
            if "offline_token" in query and \
                    os.path.exists(FOLDER + "/identity"):
                more["refresh_token"] = read("identity")
        self.token(user, scopes, more)

    def do_POST(self):
        size = int(self.headers["Content-Length"])
        form = urllib.parse.parse_qs(self.rfile.read(size).decode())
        scopes = " ".join(form.get("scope", [])).split()
        if form.get("refresh_token") != [read("identity")]:
            self.note("expired", scopes)
            self.answer(401, {"details": "expired"})
            return
        self.token("user", scopes, {})


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("port %d" % server.server_address[1], flush=True)
server.serve_forever()
