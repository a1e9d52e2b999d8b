# What is installed, and the Debian package (cpack -G DEB; `make deb`). Manual page and completions
# are printed by the program itself, so they agree with its commands.
include(GNUInstallDirs)
find_program(GZIP_PROGRAM gzip)

set(package_files "${PROJECT_BINARY_DIR}/package")
add_custom_command(
  OUTPUT "${package_files}/hatchery.1.gz" "${package_files}/hatchery.bash"
         "${package_files}/_hatchery" "${package_files}/changelog.gz"
  COMMAND "${CMAKE_COMMAND}" -E make_directory "${package_files}"
  COMMAND sh -c "'$<TARGET_FILE:hatchery>' manual | '${GZIP_PROGRAM}' -9n > hatchery.1.gz"
  COMMAND sh -c "'$<TARGET_FILE:hatchery>' completion bash > hatchery.bash"
  COMMAND sh -c "'$<TARGET_FILE:hatchery>' completion zsh > _hatchery"
  COMMAND sh -c "printf 'hatchery (${PROJECT_VERSION}) unstable; urgency=medium\\n\\n  * Built from source.\\n\\n -- Hatchery <hatchery@localhost>  Thu, 01 Jan 2026 00:00:00 +0000\\n' | '${GZIP_PROGRAM}' -9n > changelog.gz"
  WORKING_DIRECTORY "${package_files}"
  DEPENDS hatchery
  COMMENT "Printing the manual page and the completions"
  VERBATIM)
add_custom_target(hatchery_package_files DEPENDS "${package_files}/hatchery.1.gz")

set(packaging "${PROJECT_SOURCE_DIR}/packaging")
# cpack must not build every test first.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY TRUE)
install(TARGETS hatchery RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(FILES "${package_files}/hatchery.1.gz" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
install(FILES "${package_files}/hatchery.bash"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" RENAME hatchery)
install(FILES "${package_files}/_hatchery"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions")
install(FILES "${packaging}/systemd/hatchery.service" "${packaging}/systemd/hatchery@.service"
              "${packaging}/systemd/hatchery-worker@.service"
        DESTINATION lib/systemd/system)
install(FILES "${packaging}/systemd/hatchery.sysusers" DESTINATION lib/sysusers.d
        RENAME hatchery.conf)
install(FILES "${packaging}/systemd/hatchery.tmpfiles" DESTINATION lib/tmpfiles.d
        RENAME hatchery.conf)
install(FILES "${packaging}/env.example" DESTINATION /etc/hatchery RENAME env
        PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ)
install(FILES "${PROJECT_SOURCE_DIR}/docs/operating.md" "${packaging}/debian/copyright"
              "${package_files}/changelog.gz"
        DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(FILES "${packaging}/proxy/nginx.conf" "${packaging}/proxy/Caddyfile"
        DESTINATION "${CMAKE_INSTALL_DOCDIR}/examples")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME hatchery)
set(CPACK_PACKAGE_CONTACT "Hatchery <hatchery@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "orchestrator of hosted OpenClaw assistants")
set(CPACK_PACKAGE_DESCRIPTION
    "Gives every customer a server with an OpenClaw assistant on it, reachable as a
Telegram bot: the service, its workers, and the command line for operators and
users. Needs a PostgreSQL 15 server, on this machine or another.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "ca-certificates")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "systemd, npm, zstd, python3")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql-15, nginx | caddy")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    "${packaging}/debian/postinst;${packaging}/debian/prerm;${packaging}/debian/postrm;${packaging}/debian/conffiles")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
