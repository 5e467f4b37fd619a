python3 "$CONFORMANCE/raw_tar.py" >a.tar <<'E'
type=g name=g pax:comment=hello pax:mtime=1234567890 pax:path=other pax:uid=7
name=x body=x
type=g name=g pax:comment=last
E
