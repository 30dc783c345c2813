import LiteDB

/// The application's tables.
enum PictureSchema {
    static let migrations = [
        Migration(
            "pictures",
            sql: """
                CREATE TABLE pictures (
                    id INTEGER PRIMARY KEY,
                    title TEXT NOT NULL,
                    style TEXT NOT NULL,
                    state TEXT NOT NULL CHECK (state IN ('working', 'ready', 'failed')),
                    width INTEGER NOT NULL,
                    height INTEGER NOT NULL,
                    created_at INTEGER NOT NULL
                ) STRICT;

                -- Apart, so that the gallery's rows stay small.
                CREATE TABLE picture_files (
                    picture_id INTEGER NOT NULL REFERENCES pictures (id) ON DELETE CASCADE,
                    file TEXT NOT NULL CHECK (file IN ('upload', 'original', 'styled')),
                    media_type TEXT NOT NULL,
                    bytes BLOB NOT NULL,
                    PRIMARY KEY (picture_id, file)
                ) STRICT;

                -- One row: how often the gallery changed. The rendered gallery is cached under it.
                CREATE TABLE gallery (version INTEGER NOT NULL) STRICT;
                INSERT INTO gallery VALUES (0);

                CREATE TRIGGER picture_inserted AFTER INSERT ON pictures
                BEGIN UPDATE gallery SET version = version + 1; END;
                CREATE TRIGGER picture_updated AFTER UPDATE ON pictures
                BEGIN UPDATE gallery SET version = version + 1; END;
                CREATE TRIGGER picture_deleted AFTER DELETE ON pictures
                BEGIN UPDATE gallery SET version = version + 1; END;
                """),
        Migration(
            "the cache's tags in the place of the gallery's version",
            sql: """
                DROP TRIGGER picture_inserted;
                DROP TRIGGER picture_updated;
                DROP TRIGGER picture_deleted;
                DROP TABLE gallery;
                """),
    ]
}
