#pragma once

// Debian 12 ships Catch2 2.13, Debian 13 ships 3.x; their headers differ, the macros do not.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
