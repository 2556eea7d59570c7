"""Versions of SageMaker images: numbered from 1, found by number, by alias, or the newest."""

from cookiecutter_mlops.localaws.crud import Document, Kind, page
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.exceptions import ResourceNotFound

IMAGE = Kind("Image", defaults={"ImageStatus": "CREATED"})
_VERSION = Kind(
    "ImageVersion",
    "ImageName",
    "Version",
    defaults={"ImageVersionStatus": "CREATED", "Aliases": []},
    missing=("ResourceNotFound", "ImageVersion {key} does not exist."),
)


class ImageOperations(Operations):
    """Images of SageMaker Studio and their numbered versions."""

    def create_image_version(self, request: Document) -> Document:
        image = self.documents.find(IMAGE, request)
        image["LastVersion"] = image.get("LastVersion", 0) + 1  # numbers of deleted versions do not come again
        added = {"Version": image["LastVersion"], "ImageArn": image["ImageArn"], "ContainerImage": request["BaseImage"]}
        return self.documents.create(_VERSION, request | added)

    def describe_image_version(self, request: Document) -> Document:
        return self._version(request)

    def update_image_version(self, request: Document) -> Document:
        version = self._version(request)
        kept = [alias for alias in version["Aliases"] if alias not in request.pop("AliasesToDelete", [])]
        aliases = kept + request.pop("AliasesToAdd", [])
        named = {"ImageName": version["ImageName"], "Version": version["Version"], "Aliases": aliases}
        request.pop("Alias", None)
        return self.documents.update(_VERSION, request | named)

    def delete_image_version(self, request: Document) -> Document:
        return self.documents.delete(_VERSION, self._version(request))

    def list_image_versions(self, request: Document) -> Document:
        return page(request, "ImageVersions", self._versions(request))

    def list_aliases(self, request: Document) -> Document:
        aliases = [alias for version in self._versions(request) for alias in version["Aliases"]]
        return page(request, "SageMakerImageVersionAliases", aliases)

    def _versions(self, request: Document) -> list[Document]:
        """Return an image's versions, or the one that the request numbers, newest first."""
        name, number = self.documents.find(IMAGE, request)["ImageName"], request.get("Version")
        found = [version for (image, _), version in self.documents.of(_VERSION).items() if image == name]
        return [version for version in reversed(found) if number in (None, version["Version"])]

    def _version(self, request: Document) -> Document:
        alias = request.get("Alias")
        for version in self._versions(request):
            if alias is None or alias in version["Aliases"]:
                return version
        raise ResourceNotFound(f"ImageVersion {request['ImageName']}/{alias or request.get('Version')} does not exist.")
