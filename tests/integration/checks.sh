#!/bin/bash
# BuildKit's checks during a build: said at its end; check=error=true fails it.
. "$(dirname "$0")/lib.sh"
bases

mkdir "$WORK/context"
cd "$WORK/context" || exit
echo a >a
echo b >b
echo b >.dockerignore
printf 'FROM busybox\nCOPY a /\nENV x y\nRUN true \\\n\n  && true\nCMD echo a\n' >Dockerfile
check "a build with findings is a build" build .
check "they are counted" says '^ 3 warnings found:$'
check "each has its name and line" says '^ - LegacyKeyValueFormat: .* \(line 3\)$'
check "the parser's are said once" same 1 "$(grep -c 'mpty line' "$WORK/out")"
check "they come behind the build's own output" sh -c \
	'[ "$(grep -n "warnings found" "$0" | cut -d: -f1)" -gt "$(grep -n "CMD\|COPY" "$0" | head -1 | cut -d: -f1)" ]' "$WORK/out"
check "--quiet says nothing of them" sh -c '"$1" -q . 2>&1 | grep -qx "sha256:[0-9a-f]*"' - "$IMGBUILD"

check "BUILDKIT_DOCKERFILE_CHECK skips" build --build-arg BUILDKIT_DOCKERFILE_CHECK='skip=JSONArgsRecommended,NoEmptyContinuation' .
check "... what it names" says '^ 1 warning found:$'
check "skip=all skips all" build --build-arg BUILDKIT_DOCKERFILE_CHECK=skip=all .
check "... of them" says_not 'warnings? found'

sed -i '1i # check=error=true' Dockerfile
refuse "check=error=true fails the build" 2 build .
check "... with the rules' names" says '^ERROR: lint violation found for rules: LegacyKeyValueFormat, NoEmptyContinuation, JSONArgsRecommended$'
check "... before anything is built" says_not '^#[0-9]+ .*RUN'
check "the build argument wins" build --build-arg BUILDKIT_DOCKERFILE_CHECK='error=false' .
printf '# check=error=true\nFROM busybox\nCMD ["a"]\n' >Dockerfile
check "without findings it is no failure" build .

printf 'FROM busybox\nCOPY b /\n' >Dockerfile
refuse "a copy of what is ignored fails" 1 build .
check "... and the check says why" says '^ - CopyIgnoredFile: .* \(line 2\)$'
printf 'a\n' >Dockerfile.dockerignore
printf 'FROM busybox\nCOPY b /\n' >Dockerfile
check "Dockerfile.dockerignore comes first" build .
check "... for the check as well" says_not CopyIgnoredFile

printf 'FROM --platform=linux/arm64 busybox\nCMD ["a"]\n' >Dockerfile
check "an image for another platform" build .
check "... is found at hand" says '^ - InvalidBaseImagePlatform: .*linux/(amd64|386)'
printf 'FROM busybox\nCMD ["a"]\n' >Dockerfile
check "one for another than --platform says" build --platform linux/s390x .
check "... is found too" says '^ - InvalidBaseImagePlatform: busybox .*linux/(amd64|386).* linux/s390x is wanted \(line 1\)$'
printf '# check=skip=InvalidBaseImagePlatform\nFROM busybox\nCMD ["a"]\n' >Dockerfile
check "... unless the check is skipped" build --platform linux/s390x .
check "    as any" says_not InvalidBaseImagePlatform
printf 'ARG P=linux/s390x\nFROM --platform=$P busybox AS a\nFROM scratch\nCOPY --from=a a /\nCOPY --from=busybox a /b\n' >Dockerfile
touch a
check "a variable's platform, and an image that is copied from" sh -c \
	'"$1" build --check --platform linux/arm64 . | grep "^WARNING: InvalidBaseImagePlatform" | wc -l | grep -qx 2' - "$IMGBUILD"
printf 'FROM --platform=%s busybox\n' "linux/$(dpkg --print-architecture)" >Dockerfile
check "one for the same platform" build .
check "... is not" says_not InvalidBaseImagePlatform
check "build --check knows images and .dockerignore too" sh -c \
	'printf "FROM --platform=linux/s390x busybox\nCOPY a /\n" | "$1" build --check -f - . | grep -c "^WARNING: \(InvalidBaseImagePlatform\|CopyIgnoredFile\)" | grep -qx 1' - "$IMGBUILD"
finish
