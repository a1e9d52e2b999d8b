# Targets that carry the house's compiler settings, and functions that make one library a folder.

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

add_library(standard_settings INTERFACE)
target_compile_features(standard_settings INTERFACE cxx_std_20)
target_include_directories(standard_settings INTERFACE
  "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}")
set(CMAKE_CXX_EXTENSIONS OFF)
if(NOT HATCHERY_PRECOMPILED_HEADERS)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
endif()

add_library(standard_warnings INTERFACE)
target_compile_options(standard_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual
  -Wimplicit-fallthrough -Wno-missing-field-initializers
  $<$<BOOL:${HATCHERY_WERROR}>:-Werror>)

# hatchery_library(NAME LINK target... PRIVATE_LINK target...): every .cpp below this folder
# becomes the library NAME. LINK is the folder's place in the dependency rule.
function(hatchery_library name)
  cmake_parse_arguments(ARG "" "" "LINK;PRIVATE_LINK;EXTRA_SOURCES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  list(APPEND sources ${ARG_EXTRA_SOURCES})
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC standard_settings ${ARG_LINK}
                                  PRIVATE standard_warnings ${ARG_PRIVATE_LINK})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE standard_settings ${ARG_LINK})
  endif()
endfunction()

# hatchery_test(NAME LABEL label SOURCES file... LINK target... [ENVIRONMENT k=v...] [TIMEOUT s]
#               [LOCK name [LOCK_TAG tag]] [SERIAL]): a Catch2 binary whose cases ctest finds by
# themselves. Tests with the same LOCK run one after the other; with LOCK_TAG only those that have
# this tag.
function(hatchery_test name)
  cmake_parse_arguments(ARG "SERIAL" "LABEL;TIMEOUT;LOCK;LOCK_TAG" "SOURCES;LINK;ENVIRONMENT"
                        ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE standard_settings standard_warnings
                        Catch2::Catch2WithMain ${ARG_LINK})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_compile_definitions(${name} PRIVATE
    HATCHERY_SOURCE_DIR="${PROJECT_SOURCE_DIR}" HATCHERY_BINARY_DIR="${PROJECT_BINARY_DIR}")
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  set(properties LABELS "${ARG_LABEL}" TIMEOUT ${ARG_TIMEOUT})
  if(ARG_SERIAL)
    list(APPEND properties RUN_SERIAL TRUE)
  endif()
  if(ARG_ENVIRONMENT)
    list(APPEND properties ENVIRONMENT "${ARG_ENVIRONMENT}")
  endif()
  # The longest begin first, so that the short ones fill the gaps at the end.
  if(ARG_LOCK)
    list(APPEND properties COST 200)
  elseif(ARG_LABEL STREQUAL "e2e" OR ARG_LABEL STREQUAL "long")
    list(APPEND properties COST 100)
  endif()
  set(discover TEST_PREFIX "${ARG_LABEL}/${name}: " DISCOVERY_MODE PRE_TEST PROPERTIES
               ${properties})
  if(ARG_LOCK_TAG)
    catch_discover_tests(${name} TEST_SPEC "~[${ARG_LOCK_TAG}]" ${discover})
    catch_discover_tests(${name} TEST_SPEC "[${ARG_LOCK_TAG}]" ${discover}
                         RESOURCE_LOCK "${ARG_LOCK}")
  elseif(ARG_LOCK)
    catch_discover_tests(${name} ${discover} RESOURCE_LOCK "${ARG_LOCK}")
  else()
    catch_discover_tests(${name} ${discover})
  endif()
endfunction()
