#include "bundles/local_bundles.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "support/catch.hpp"

namespace {

using namespace hatchery;

class Folder {
public:
    Folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "bundles-XXXXXX").string();
        path_ = mkdtemp(pattern.data());
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    [[nodiscard]] std::string text() const { return path_.string(); }
    void write(const std::string& name, const std::string& content) const {
        std::ofstream(path_ / name) << content;
    }
    void remove(const std::string& name) const { std::filesystem::remove(path_ / name); }

    /// A bundle of four bytes with all that belongs to it.
    void add(const std::string& version) const {
        const std::string name = fmt::format("openclaw-{}-linux-x64.tar.zst", version);
        const std::string sum(64, 'a');
        write(name, "data");
        write(name + ".manifest.json",
              fmt::format(R"({{"openclawVersion":"{}","bundle":"{}","sha256":"{}","bytes":4}})",
                          version, name, sum));
        write(name + ".sha256", sum + "  " + name + "\n");
    }

private:
    std::filesystem::path path_;
};

}  // namespace

TEST_CASE("the bundle of the chosen version is found") {
    const Folder folder;
    folder.add("2026.9.5");
    folder.add("2026.9.6");
    const auto bundle = bundles::make_local_bundles(folder.text(), "2026.9.6")->current();
    REQUIRE(bundle);
    REQUIRE(bundle->version == "2026.9.6");
    REQUIRE(bundle->bytes == 4);
    REQUIRE(bundle->path.ends_with("openclaw-2026.9.6-linux-x64.tar.zst"));
    REQUIRE(bundles::list_bundles(folder.text()).size() == 2);
}

TEST_CASE("a bundle that was never built says what to run") {
    const auto missing = bundles::make_local_bundles("/nowhere", "2026.9.6")->current();
    REQUIRE(missing.error().kind == base::ErrorKind::invalid);
    REQUIRE_THAT(missing.error().next_action, Catch::Contains("hatchery bundle build"));
}

TEST_CASE("a bundle that is not whole does not count") {
    const Folder folder;
    folder.add("2026.9.6");
    const std::string name = "openclaw-2026.9.6-linux-x64.tar.zst";
    SECTION("without its sum") { folder.remove(name + ".sha256"); }
    SECTION("with another sum") { folder.write(name + ".sha256", std::string(64, 'b')); }
    SECTION("cut short") { folder.write(name, "dat"); }
    SECTION("with a broken manifest") { folder.write(name + ".manifest.json", "{"); }
    REQUIRE(bundles::list_bundles(folder.text()).empty());
}
