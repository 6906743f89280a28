//! HTTP, OpenAPI, sign-in and the pages.
