mkdir -p d/deep; chmod 700 d/deep; chmod 711 d; echo new >d/deep/four
