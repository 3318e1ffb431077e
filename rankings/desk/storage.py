from import_export.tmp_storages import BaseStorage

from rankings.pending import Upload


class DatabaseStorage(BaseStorage):
    """Store uploads in the database, which all web processes share.

    import-export's own storages, a folder or a cache in memory, belong to one
    container. `name` is the upload's key.
    """

    def __init__(self, *, owner, **kwargs):
        super().__init__(**kwargs)
        self.owner = owner

    def save(self, data: bytes) -> None:
        self.name = Upload.objects.create(data=data, owner=self.owner).key

    def read(self) -> bytes:
        """Return the file; raises Upload.DoesNotExist once it is gone."""
        return bytes(Upload.objects.kept_for(self.owner).get(key=self.name).data)

    def remove(self) -> None:
        Upload.objects.filter(key=self.name, owner=self.owner).delete()
