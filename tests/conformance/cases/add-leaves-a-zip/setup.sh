printf 'PK\003\004rest' >a.zip
