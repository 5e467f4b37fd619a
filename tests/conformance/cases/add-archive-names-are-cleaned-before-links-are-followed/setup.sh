python3 "$CONFORMANCE/raw_tar.py" >a.tar <<'E'
type=5 mode=0755 name=d
type=5 mode=0755 name=d/e
type=2 name=l link=d/e
name=l/../y body=y
name=.//z/./z body=z
name=/abs body=abs
E
