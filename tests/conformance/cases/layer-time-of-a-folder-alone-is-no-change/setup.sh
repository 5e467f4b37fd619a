mkdir -p deep empty; echo a >deep/a; touch -d @1000000000 empty
