# Debian's libraries, found once.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
foreach(library jansson:jansson expat:expat sndfile:sndfile soxr:soxr microhttpd:libmicrohttpd sodium:libsodium
                seccomp:libseccomp gnutls:gnutls cmocka:cmocka)
  string(REPLACE ":" ";" pair ${library})
  list(GET pair 0 name)
  list(GET pair 1 package)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${package})
endforeach()
