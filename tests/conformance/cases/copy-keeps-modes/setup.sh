mkdir -p d/private; for m in 400 444 600 640 755 777; do echo $m >d/$m; chmod $m d/$m; done; chmod 700 d/private; chmod 750 d
