#include "config/login.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "support/catch.hpp"

using namespace hatchery;
namespace fs = std::filesystem;

namespace {

class Folder {
public:
    Folder() {
        std::string pattern = (fs::temp_directory_path() / "hatchery-login-XXXXXX").string();
        REQUIRE(mkdtemp(pattern.data()) != nullptr);
        path = pattern;
    }
    ~Folder() { fs::remove_all(path); }
    fs::path path;
};

}  // namespace

TEST_CASE("a login is read as it was written, and only its owner can read it") {
    const Folder folder;
    const auto path = config::login_path({{"HOME", folder.path.string()}});
    CHECK(path == (folder.path / ".config/hatchery/login").string());
    REQUIRE(config::write_login(
        path, {.api_url = "https://old.example", .token = base::Secret("hat_old")}));
    REQUIRE(config::write_login(
        path, {.api_url = "https://a.example", .token = base::Secret("hat_new")}));
    struct stat status{};
    REQUIRE(stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    const auto read = config::read_login(path);
    CHECK(read.problems.empty());
    CHECK(read.values.at("HATCHERY_API_URL") == "https://a.example");
    CHECK(read.values.at("HATCHERY_TOKEN") == "hat_new");
    CHECK(std::distance(fs::directory_iterator(fs::path(path).parent_path()), {}) == 1);

    CHECK(config::remove_login(path).value());
    CHECK_FALSE(config::remove_login(path).value());
    CHECK(config::read_login(path).values.empty());
}

TEST_CASE("a login that others can read is refused") {
    const Folder folder;
    const auto path = (folder.path / "login").string();
    REQUIRE(config::write_login(
        path, {.api_url = "https://a.example", .token = base::Secret("hat_new")}));
    fs::permissions(path, fs::perms::group_read, fs::perm_options::add);
    const auto read = config::read_login(path);
    CHECK(read.values.empty());
    REQUIRE(read.problems.size() == 1);
    CHECK(read.problems[0].message.find("chmod 600") != std::string::npos);
}

TEST_CASE("a login that cannot be written says why") {
    const auto written = config::write_login(
        "/proc/none/login", {.api_url = "https://a.example", .token = base::Secret("hat_new")});
    REQUIRE_FALSE(written);
    CHECK(written.error().message.find("/proc/none/login cannot be written") == 0);
}
