#!/bin/sh
# The first program of a kernel in user mode. Its root is the host's, to read only, its disk is /dev/ubda, and the variables
# come from the kernel's command line. It waits to be cut off; left alone, it ends, and the kernel with it.
set -eu
mount -t proc proc /proc
ip link set lo up
mount -t ext4 -o noauto_da_alloc /dev/ubda "$KEDGE_FOLDER"
echo on
"$KEDGE_NODE" --disable-warning=ExperimentalWarning "$KEDGE_VICTIM" "$KEDGE_CONFIG" "$KEDGE_WORK" || true
echo over
exec sleep 60
