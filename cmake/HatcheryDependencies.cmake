# Debian's packages only. SOCI, libssh2 and cpp-httplib ship no CMake configuration there.
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(CURL REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(SOCI REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(ssh2 REQUIRED IMPORTED_TARGET libssh2)
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)
pkg_check_modules(cjose REQUIRED IMPORTED_TARGET cjose)

# The split httplib library needs OpenSSL and threads from whoever uses its header.
add_library(hatchery_httplib INTERFACE)
target_link_libraries(hatchery_httplib INTERFACE PkgConfig::httplib OpenSSL::SSL OpenSSL::Crypto
                      Threads::Threads)

if(HATCHERY_BUILD_TESTS)
  find_package(Catch2 CONFIG REQUIRED)
  include(Catch)
endif()
