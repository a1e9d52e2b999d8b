#include "store/service_role.hpp"

#include <array>

namespace hatchery::store {

namespace {

constexpr std::string_view find_role = R"(
    SELECT quote_ident(rolname), quote_ident(current_schema()),
        rolsuper OR pg_has_role(oid, current_user, 'MEMBER')
    FROM pg_roles WHERE rolname = $1)";

std::string statements(const std::string& role, const std::string& schema) {
    const std::string all = " IN SCHEMA " + schema;
    std::string text;
    text += "GRANT USAGE ON SCHEMA " + schema + " TO " + role + ";";
    text += "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES" + all + " TO " + role + ";";
    text += "GRANT USAGE, SELECT ON ALL SEQUENCES" + all + " TO " + role + ";";
    text += "GRANT EXECUTE ON ALL FUNCTIONS" + all + " TO " + role + ";";
    text += "REVOKE UPDATE, DELETE ON audit_log FROM " + role + ";";
    text += "REVOKE INSERT, UPDATE, DELETE ON hatchery_migrations FROM " + role + ";";
    return text;
}

}  // namespace

base::Result<void> grant_service_role(Database& database, const std::string& role) {
    return database.run([&](Sql& sql) -> base::Result<void> {
        const Rows found = sql.query(find_role, {role});
        if (found.empty()) {
            return base::fail(base::ErrorKind::not_found, "PostgreSQL has no role " + role + ".",
                              "Make it first: CREATE ROLE " + role + " LOGIN PASSWORD '…'");
        }
        if (found[0].boolean(2)) {
            return base::fail(base::ErrorKind::conflict,
                              "The role " + role + " has the rights of the tables' owner.",
                              "Name a role that is neither the owner, nor a member of it, nor a "
                              "superuser.");
        }
        // One message is one transaction.
        sql.script(statements(found[0].text(0), found[0].text(1)));
        return {};
    });
}

}  // namespace hatchery::store
