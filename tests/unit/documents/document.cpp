#include "document.hpp"

#include <fstream>
#include <regex>
#include <sstream>

#include "support/catch.hpp"

namespace hatchery::documents {

std::filesystem::path root() { return HATCHERY_SOURCE_DIR; }

std::string text_of(const std::filesystem::path& path) {
    std::ifstream in(path);
    CAPTURE(path.string());
    REQUIRE(in);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

std::set<std::string> names_in(const std::string& text) {
    static const std::regex word("`([^`]+)`");
    // The fences of blocks would pair with what stands behind them.
    static const std::regex fence("```");
    const auto plain = std::regex_replace(text, fence, "");
    std::set<std::string> names;
    for (auto at = std::sregex_iterator(plain.begin(), plain.end(), word);
         at != std::sregex_iterator(); ++at) {
        names.insert((*at)[1]);
    }
    return names;
}

}  // namespace hatchery::documents
