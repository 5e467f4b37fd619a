python3 - <<'P'
import tarfile
t=tarfile.open('a.tar','w')
i=tarfile.TarInfo('ln'); i.type=tarfile.LNKTYPE; i.linkname='one'; t.addfile(i)
P
