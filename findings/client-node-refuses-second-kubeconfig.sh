#!/usr/bin/env bash
# @kubernetes/client-node 2.0.1 (npm), KUBECONFIG with two files.
#
# One guesses: as with kubectl, the files are merged, and where both have a cluster, user or context of one name the
# first wins.
# What happens: loadFromDefault throws "Duplicate cluster: kind". It also refuses a server address with http:// (as
# `kubectl proxy` serves) when the first request is made, unless the cluster says insecure-skip-tls-verify.
# Why it matters: names such as "kind", "default" and "kubernetes-admin" are in every kubeconfig of their kind, so a
# tool built on it fails for people whose kubectl works, before it has done anything.
source "$(dirname "$0")/lib/setup.sh"
node_packages @kubernetes/client-node@2.0.1

for name in one two; do
  cat >"$FINDING_TMP/$name.yaml" <<YAML
apiVersion: v1
kind: Config
current-context: $name
clusters: [{ name: kind, cluster: { server: 'http://127.0.0.1:9' } }]
users: [{ name: $name, user: { token: none } }]
contexts: [{ name: $name, context: { cluster: kind, user: $name } }]
YAML
done

node_program <<'JS'
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { expect } from './expect.mjs';

const said = async (action) => {
  try {
    return await action();
  } catch (error) {
    return error.message;
  }
};
const load = (files) => {
  process.env.KUBECONFIG = files.map((file) => `${process.cwd()}/${file}.yaml`).join(':');
  const config = new KubeConfig();
  config.loadFromDefault();
  return config;
};
const both = await said(() => load(['one', 'two']).getCurrentContext());
const plain = await said(() => load(['one']).makeApiClient(CoreV1Api).listNode());
console.log(`two files: ${both}\nhttp:// without TLS: ${plain}`);
expect(both === 'Duplicate cluster: kind', 'two kubeconfigs with one cluster name are refused');
expect(plain.includes('HTTP protocol is not allowed'), 'a plain http:// server is refused');
JS
