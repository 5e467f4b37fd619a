python3 "$CONFORMANCE/raw_tar.py" >a.tar <<'E'
type=5 name=o mode=0755 mtime=1100000000
type=5 name=d/ mode=0755 mtime=1000000000
type=2 name=d link=deep
type=5 name=deep mode=0711 mtime=1050000000
E
