imgbuild:a.dockerfile:1: DL3006 warning: debian has no tag: what it is changes with time
imgbuild:a.dockerfile:1: StageNameCasing warning: the stage name Build is not in lower case
imgbuild:a.dockerfile:2: DL3009 info: the package lists stay in the layer: end the RUN with rm -rf /var/lib/apt/lists/*
imgbuild:a.dockerfile:4: DL3008 warning: no version of curl is pinned: write apt-get install <package>=<version>
imgbuild:a.dockerfile:5: DL3003 warning: cd holds for this RUN only: WORKDIR holds for all that follow
imgbuild:a.dockerfile:6: DL3048 style: 'Ä': a label's key begins with a lower-case letter
imgbuild:a.dockerfile:7: DL1000 error: unknown instruction RUNN
imgbuild:a.dockerfile:8: DL3000 error: WORKDIR rel is relative: where it is depends on what came before
