python3 "$CONFORMANCE/raw_tar.py" >a.tar <<'E'
type=g name=g pax:comment=hello
E
