mkdir -p d/e; for m in 755 644 4750 2711 1777 600 470 407 400; do echo x >d/$m; chmod $m d/$m; done; mkdir d/s d/n; chmod 3770 d/s; chmod 700 d/n
