/** A certificate for the name kube.test alone, which is its own authority, and its key. Good for a hundred years, and for tests. */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBljCCATugAwIBAgIUaK/D5tKzle+Bx8rdeF8vdQo8bn0wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJa3ViZS50ZXN0MCAXDTI2MTIwMTA1NDEyNloYDzIxMjYxMTA3
MDU0MTI2WjAUMRIwEAYDVQQDDAlrdWJlLnRlc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARNwdUwtah9SktVmP/u1ubh4+PXcgLieBsyjfgDjIwH8RlnQyHVbfSK
x3JVqviuqYW9pymLfzZdWIh2+/CQprRho2kwZzAdBgNVHQ4EFgQUneJvhDBp0QfG
aeX3sY66EsSe/28wHwYDVR0jBBgwFoAUneJvhDBp0QfGaeX3sY66EsSe/28wFAYD
VR0RBA0wC4IJa3ViZS50ZXN0MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwID
SQAwRgIhANZy6ZohSdsorXNOIQh4/eEiQkEBgE6qmc8tX6rEklO0AiEAnHx1hxHl
osenQz1nnXwu7aq7vEyMPLojhNXzCvYxx18=
-----END CERTIFICATE-----
`;

export const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgLCdTGuNAhQKPIPjH
Ac6QihDHAMevH04XZ1q/cJzzXAGhRANCAARNwdUwtah9SktVmP/u1ubh4+PXcgLi
eBsyjfgDjIwH8RlnQyHVbfSKx3JVqviuqYW9pymLfzZdWIh2+/CQprRh
-----END PRIVATE KEY-----
`;
