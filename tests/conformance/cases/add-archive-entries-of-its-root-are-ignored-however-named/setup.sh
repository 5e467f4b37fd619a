python3 "$CONFORMANCE/raw_tar.py" >a.tar <<'E'
type=5 mode=0700 name=
type=5 mode=0700 name=.
type=5 mode=0700 name=/
type=5 mode=0700 name=/./
type=5 mode=0700 name=a/..
name= body='no name'
type=2 name=. link=x
name=x body=x
E
