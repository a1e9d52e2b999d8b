# Most of the time of a cold build went into reading the headers of the standard library, of the
# JSON library and of Catch2 again for every file. They are compiled once, for the product and for
# the tests, and every target below reuses them, which saves a fifth of it. ccache does not look into
# such files, so this is for builds that have nothing in it. A file must still include what it uses.

# hatchery_precompile(NAME HEADERS header... LINK target...): a library that is nothing but them.
function(hatchery_precompile name)
  cmake_parse_arguments(ARG "" "" "HEADERS;LINK" ${ARGN})
  set(source "${PROJECT_BINARY_DIR}/${name}.cpp")
  if(NOT EXISTS "${source}")
    file(WRITE "${source}" "// Only the headers matter.\n")
  endif()
  add_library(${name} OBJECT "${source}")
  target_link_libraries(${name} PRIVATE standard_settings standard_warnings ${ARG_LINK})
  target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
endfunction()

# hatchery_reuse_headers(DIRECTORY): every library and program in and below the directory.
function(hatchery_reuse_headers directory)
  cmake_path(IS_PREFIX tests_directory "${directory}" is_test)
  set(from hatchery_common_headers)
  if(is_test)
    set(from hatchery_test_headers)
  endif()
  get_property(targets DIRECTORY "${directory}" PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target ${targets})
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "STATIC_LIBRARY" OR type STREQUAL "EXECUTABLE")
      # The same definitions as the headers were compiled with.
      target_link_libraries(${target} PRIVATE fmt::fmt)
      target_precompile_headers(${target} REUSE_FROM ${from})
      # Headers that cannot be used for a target cost it time, nothing else.
      set_target_properties(${target} PROPERTIES PCH_WARN_INVALID OFF)
    endif()
  endforeach()
  get_property(folders DIRECTORY "${directory}" PROPERTY SUBDIRECTORIES)
  foreach(folder ${folders})
    hatchery_reuse_headers("${folder}")
  endforeach()
endfunction()

set(common_headers
  <algorithm> <array> <atomic> <chrono> <condition_variable> <cstdint> <deque> <filesystem>
  <functional> <map> <memory> <mutex> <optional> <set> <span> <stop_token> <string> <string_view>
  <thread> <tuple> <unordered_map> <utility> <variant> <vector>
  <fmt/format.h> <nlohmann/json.hpp> <tl/expected.hpp>)
set(tests_directory "${PROJECT_SOURCE_DIR}/tests")
hatchery_precompile(hatchery_common_headers
  HEADERS ${common_headers} LINK fmt::fmt nlohmann_json::nlohmann_json)
if(HATCHERY_BUILD_TESTS)
  hatchery_precompile(hatchery_test_headers
    HEADERS ${common_headers} "${tests_directory}/support/catch.hpp"
    LINK fmt::fmt nlohmann_json::nlohmann_json Catch2::Catch2)
endif()
hatchery_reuse_headers("${PROJECT_SOURCE_DIR}")
