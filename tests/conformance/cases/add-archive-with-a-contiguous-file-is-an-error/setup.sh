python3 "$CONFORMANCE/raw_tar.py" >a.tar <<'E'
type=7 name=c body=c
name=x body=x
E
