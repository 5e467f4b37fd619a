#!/bin/bash
# Logins, certificates, tokens and credential helpers, each with servers of the
# test's own on loopback. No secret may be in anything that is printed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/registry/servers.sh"
need_registry
for program in nginx openssl; do
	have $program || skip_all "$program is not installed"
done
bases
i=$IMGBUILD
export HOME=$WORK/home XDG_CONFIG_HOME=$WORK/config DOCKER_CONFIG=$WORK/docker CONTAINERS_REGISTRIES_CONF=/dev/null
unset REGISTRY_AUTH_FILE DOCKER_AUTH_CONFIG XDG_RUNTIME_DIR || :
mkdir -p "$HOME" "$XDG_CONFIG_HOME"
SECRET=pa55-w0rd-$RANDOM$RANDOM
other() { env IMGBUILD_ROOT="$WORK/$1" "${@:2}"; }
login() { "$i" login -u user --password-stdin "$@" <<<"$SECRET"; }
# said COMMAND...: what it prints is kept in $WORK/whole too
said() {
	local code=0
	"$@" >"$WORK/stdout" 2>"$WORK/stderr" || code=$?
	cat "$WORK/stdout" "$WORK/stderr" >>"$WORK/whole"
	cat "$WORK/stdout"
	cat "$WORK/stderr" >&2
	return $code
}

# --- TLS, client certificates and htpasswd, by nginx ------------------------------
registry plain
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
pem() { # NAME SUBJECT [SIGNED-BY]: a key and a certificate
	openssl req -newkey rsa:2048 -nodes -keyout "$WORK/tls/$1.key" -out "$WORK/tls/$1.csr" -subj "/CN=$2" 2>/dev/null
	openssl x509 -req -in "$WORK/tls/$1.csr" -out "$WORK/tls/$1.cert" -days 2 -CA "$WORK/tls/ca.crt" -CAkey "$WORK/tls/ca.key" \
		-CAcreateserial -extfile <(echo "subjectAltName=DNS:localhost,IP:127.0.0.1") 2>/dev/null
}
mkdir -p "$WORK/tls" "$WORK/nginx"
chmod 755 "$WORK/nginx"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$WORK/tls/ca.key" -out "$WORK/tls/ca.crt" -days 2 -subj /CN=test-ca 2>/dev/null
pem server localhost
pem client somebody
port=$(free_port)
echo "user:$(openssl passwd -apr1 "$SECRET")" >"$WORK/nginx/htpasswd"
chmod 644 "$WORK/nginx/htpasswd"
cat >"$WORK/nginx/nginx.conf" <<N
daemon off; master_process off; pid $WORK/nginx/pid; error_log $WORK/nginx/error.log;
events {}
http {
	access_log $WORK/nginx/access.log;
	client_body_temp_path $WORK/nginx/body; proxy_temp_path $WORK/nginx/proxy; fastcgi_temp_path $WORK/nginx/f;
	uwsgi_temp_path $WORK/nginx/u; scgi_temp_path $WORK/nginx/s;
	server {
		listen 127.0.0.1:$port ssl;
		ssl_certificate $WORK/tls/server.cert; ssl_certificate_key $WORK/tls/server.key;
		ssl_client_certificate $WORK/tls/ca.crt; ssl_verify_client on;
		client_max_body_size 17m;
		location / {
			auth_basic "Registry"; auth_basic_user_file $WORK/nginx/htpasswd;
			proxy_pass http://$HOST; proxy_set_header Host \$http_host; proxy_set_header X-Forwarded-Proto https;
		}
	}
}
N
nginx -p "$WORK/nginx" -e "$WORK/nginx/error.log" -c "$WORK/nginx/nginx.conf" >"$WORK/nginx/out" 2>&1 &
SERVERS+=($!)
T=localhost:$port
for _ in $(seq 100); do ! (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break; sleep 0.05; done

check "an image is built" build -t "$T/a/b:1" "$FIXTURES/hello"
mkdir -p "$XDG_CONFIG_HOME/containers/certs.d/$T"
certs=$XDG_CONFIG_HOME/containers/certs.d/$T
check "a CA that is not known" says_error "certificate is not trusted" said "$i" push "$T/a/b:1"
cp "$WORK/tls/ca.crt" "$certs/ca.crt"
check "no client certificate" says_error "refuses|handshake|status 400" said "$i" push "$T/a/b:1"
cp "$WORK/tls/client.cert" "$certs/client.cert"
check "one without its key is named" says_error "client.key, is missing" said "$i" push "$T/a/b:1"
cp "$WORK/tls/client.key" "$certs/client.key"
check "no login" says_error "wants a login .*imgbuild login $T" said "$i" push "$T/a/b:1"
check "a wrong password is not kept" says_error "does not take this user name and password" \
	said bash -c '"$0" login -u user --password-stdin "$1" <<<wrong' "$i" "$T"
check "   ... indeed" test ! -e "$DOCKER_CONFIG/config.json"
mkdir -p "$DOCKER_CONFIG"
echo '{"detachKeys":"ctrl-x","auths":{"other.invalid":{"auth":"YTpi"}}}' >"$DOCKER_CONFIG/config.json"
check "login" said login "$T"
check "   ... in a file for the user alone" same 600 "$(stat -c %a "$DOCKER_CONFIG/config.json")"
check "   ... in which the rest is as it was" python3 -c '
import json, sys
c = json.load(open(sys.argv[1]))
assert c["detachKeys"] == "ctrl-x" and "other.invalid" in c["auths"] and sys.argv[2] in c["auths"], c' "$DOCKER_CONFIG/config.json" "$T"
check "push through TLS, with a client certificate and a password" said "$i" push "$T/a/b:1"
pushed=$(said_digest <"$LOG")
check "pull" other by-tls "$i" pull "$T/a/b:1"
check "   ... of the same" same "$pushed" "$(said_digest <"$LOG")"
n=$(wc -l <"$WORK/nginx/access.log")
check "push unchanged" said "$i" push "$T/a/b:1"
check "   ... in at most three requests" test $(($(wc -l <"$WORK/nginx/access.log") - n)) -le 3
head -c 20000000 /dev/urandom >"$WORK/big"
printf 'FROM scratch\nCOPY big /\n' >"$WORK/Dockerfile"
mkdir "$WORK/c"
mv "$WORK/big" "$WORK/c"
check "what is too large for one request goes in chunks" build --push -t "$T/big:1" -f "$WORK/Dockerfile" "$WORK/c"
check "   ... two of them" same 2 "$(grep -c 'PATCH /v2/big/.*" 202' "$WORK/nginx/access.log")"
check "   ... and comes back whole" other big "$i" pull "$T/big:1"
check "a login for a repository only is preferred" env DOCKER_AUTH_CONFIG='{"auths":{"'"$T"'/a":{"auth":"'"$(printf 'user:wrong' | base64)"'"}}}' \
	bash -c '! "$0" pull "$1" 2>&1 | tee /dev/stderr | grep -q pulled' "$i" "$T/a/b:1"
check "REGISTRY_AUTH_FILE counts" env DOCKER_CONFIG=/nonexistent REGISTRY_AUTH_FILE="$DOCKER_CONFIG/config.json" "$i" pull "$T/a/b:1"
check "DOCKER_AUTH_CONFIG counts" env DOCKER_CONFIG=/nonexistent DOCKER_AUTH_CONFIG="$(cat "$DOCKER_CONFIG/config.json")" "$i" pull "$T/a/b:1"
check "logout" said "$i" logout "$T"
check "   ... forgets" says_error "wants a login" said "$i" pull "$T/a/b:1"
check "   ... that one alone" grep -q other.invalid "$DOCKER_CONFIG/config.json"
check "a file that is no JSON is not quoted" bash -c 'echo "{\"auths\": '"$SECRET"'" >"$1/bad.json"; ! REGISTRY_AUTH_FILE=$1/bad.json "$0" pull "$2" 2>"$1/bad.out" && grep -q "not JSON" "$1/bad.out" && ! grep '"$SECRET"' "$1/bad.out"' "$i" "$WORK" "$T/a/b:1"

# --- a credential helper -------------------------------------------------------------
mkdir -p "$WORK/bin"
cat >"$WORK/bin/docker-credential-mine" <<H
#!/bin/sh
# keeps one file a server; "get" of none fails as docker's helpers do
cd "$WORK/secrets" || exit 1
case \$1 in
store) cat >new; mv new "\$(sed -E 's/.*"ServerURL":"([^"]*)".*/\1/; s,/,_,g' new)" ;;
get) read -r server; f=\$(echo "\$server" | tr / _); [ -s "\$f" ] && cat "\$f" || { echo "credentials not found in native keychain"; exit 1; } ;;
erase) read -r server; rm -f "\$(echo "\$server" | tr / _)" ;;
esac
H
chmod +x "$WORK/bin/docker-credential-mine"
mkdir -p "$WORK/secrets"
export PATH=$WORK/bin:$PATH
echo '{"credHelpers":{"'"$T"'":"mine"}}' >"$DOCKER_CONFIG/config.json"
check "a helper that has nothing" says_error "wants a login" said "$i" pull "$T/a/b:1"
check "login goes to the helper" said login "$T"
check "   ... not into the file" bash -c '! grep -q auths "$1/config.json" && grep -q Secret "$2/secrets/"*' "" "$DOCKER_CONFIG" "$WORK"
check "pull asks the helper" other helper "$i" pull "$T/a/b:1"
check "logout too" said "$i" logout "$T"
check "   ... which forgets" same "" "$(ls "$WORK/secrets")"
echo '{"credsStore":"missing"}' >"$DOCKER_CONFIG/config.json"
check "a helper that is missing is named" says_error "docker-credential-missing" said "$i" pull "$T/a/b:1"

# --- tokens ----------------------------------------------------------------------------
mkdir -p "$WORK/token"
cp "$WORK/tls/client.key" "$WORK/token/key.pem"
openssl req -x509 -key "$WORK/token/key.pem" -out "$WORK/token/cert.pem" -days 2 -subj /CN=token 2>/dev/null
echo "$SECRET" >"$WORK/token/password"
: >"$WORK/token/requests"
python3 "$SOURCE/tests/integration/registry/token_server.py" "$WORK/token" >"$WORK/token/out" 2>&1 &
SERVERS+=($!)
realm=http://127.0.0.1:$(wait_for "$WORK/token/out" 'port ([0-9]+)')/token
registry tokens "auth: {token: {realm: '$realm', service: registry, issuer: test, rootcertbundle: $WORK/token/cert.pem}}"
K=$HOST
rm -f "$DOCKER_CONFIG/config.json"
"$i" tag "$T/a/b:1" "$K/public/b:1"
"$i" tag "$T/a/b:1" "$K/private/b:1"
asked() { grep -c . "$WORK/token/requests" || :; }
check "push without a login" says_error "wants a login" said "$i" push "$K/public/b:1"
check "a wrong password" says_error "does not take this user name and password" \
	said bash -c '"$0" login -u user --password-stdin "$1" <<<wrong' "$i" "$K"
check "login" said login "$K"
check "push" said "$i" push "$K/public/b:1"
check "   ... elsewhere" said "$i" push "$K/private/b:1"
before=$(asked)
check "pull with a login" other by-token "$i" pull "$K/private/b:1"
check "   ... asks for one token" same $((before + 1)) "$(asked)"
check "   ... to pull" same "GET user repository:private/b:pull" "$(tail -n 1 "$WORK/token/requests")"
check "copy mounts, with one token for both" said "$i" copy "docker://$K/private/b:1" "docker://$K/private/c:1"
check "   ... of two scopes" grep -Fx "GET user repository:private/c:pull,push repository:private/b:pull" "$WORK/token/requests"
n=$(requests tokens)
check "push unchanged" said "$i" push "$K/private/b:1"
check "   ... in at most three requests, with the token's" test $(($(requests tokens) - n)) -le 2
check "logout" said "$i" logout "$K"
check "everybody pulls what is public" other anyone "$i" pull "$K/public/b:1"
check "   ... and nothing else" says_error "wants a login" said "$i" pull "$K/private/b:1"
identity=identity-$RANDOM-$SECRET
echo "$identity" >"$WORK/token/identity"
check "login that is answered with an identity token" said login "$K"
check "   ... keeps that, and no password" bash -c 'grep -q "$1" "$2" && ! grep -q "$(printf "user:%s" "$3" | base64)" "$2"' "" "$identity" "$DOCKER_CONFIG/config.json" "$SECRET"
check "   ... which pulls" other identity "$i" pull "$K/private/b:1"
check "   ... by POST" grep -Fx "POST user repository:private/b:pull" "$WORK/token/requests"
echo gone >"$WORK/token/identity"
check "once it has expired, that is said" says_error "has expired: .imgbuild login $K" said "$i" pull "$K/private/b:1"

# --- secrets --------------------------------------------------------------------------------
check "no secret was printed" bash -c '[ -s "$1" ] && ! grep -E "$2|$3|$4" "$1"' "" "$WORK/whole" "$SECRET" \
	"$(printf 'user:%s' "$SECRET" | base64)" "Bearer"
check "   ... or is in a store" bash -c '! grep -rE "$2" "$1/store" "$1/by-tls" "$1/identity"' "" "$WORK" "$SECRET"
stop_servers
finish
